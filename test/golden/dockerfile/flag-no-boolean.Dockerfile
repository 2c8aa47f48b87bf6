FROM busybox
COPY --link=perhaps x y
