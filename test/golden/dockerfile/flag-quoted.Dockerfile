FROM busybox
COPY --chown="a:b" x y
RUN --mount="type=cache,target=/a b" true
