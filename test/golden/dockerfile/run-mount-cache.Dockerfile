FROM busybox
RUN --mount=type=cache,id=x,target=/c,sharing=locked,mode=0755,uid=1,gid=2,ro a
