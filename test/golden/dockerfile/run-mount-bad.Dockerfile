FROM busybox
RUN --mount=type=cahce,target=/x a
RUN --mount=type=cache a
RUN --mount=type=tmpfs,target=/t,sharing=x a
RUN --mount=target=/x,form=y a
RUN --mount=type=cache,target=/x,sharing=mine a
RUN --mount=type=cache,target=/x,mode=9 a
RUN --mount=type=tmpfs,target=/t,size=big a
RUN --mount=type=secret,id=a,required=perhaps a
RUN --mount=target=/a,from=$x a
RUN --mount=type=cache,target a
RUN --mount=type=secret a
