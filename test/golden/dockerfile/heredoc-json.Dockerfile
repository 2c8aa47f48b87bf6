FROM busybox
RUN ["a", "<<EOF"]
