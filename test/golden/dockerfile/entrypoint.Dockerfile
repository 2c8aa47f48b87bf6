FROM busybox
ENTRYPOINT ["/bin/sh", "-c"]
ENTRYPOINT exec top -b
