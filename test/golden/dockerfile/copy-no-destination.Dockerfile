FROM busybox
COPY a
COPY
ADD ["a"]
