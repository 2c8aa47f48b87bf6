FROM busybox
COPY --link --parents a/./b/*.c /x/
COPY --link=false a b
