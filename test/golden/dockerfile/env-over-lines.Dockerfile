FROM busybox
ENV a=1 \
    b="x \
 y" \
    c=3
