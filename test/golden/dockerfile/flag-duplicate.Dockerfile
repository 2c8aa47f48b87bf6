FROM busybox
COPY --from=a --from=b x y
RUN --mount=target=/a --mount=target=/b x
