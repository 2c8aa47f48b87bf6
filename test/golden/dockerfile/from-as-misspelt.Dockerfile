FROM busybox sa x
