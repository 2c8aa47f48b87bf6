ARG S=a
FROM busybox
COPY --from=$S a b
