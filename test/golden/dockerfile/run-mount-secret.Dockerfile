FROM busybox
RUN --mount=type=secret,id=k,env=KEY --mount=type=secret,target=/k,required,mode=0400 a
RUN --mount=type=ssh a
