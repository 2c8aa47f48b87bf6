FROM busybox
VOLUME /a /b
VOLUME ["/c d", ""]
VOLUME
