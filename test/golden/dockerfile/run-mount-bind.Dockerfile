FROM busybox
RUN --mount=target=/src,rw --mount=type=bind,from=build,src=/a,dst=/b a
