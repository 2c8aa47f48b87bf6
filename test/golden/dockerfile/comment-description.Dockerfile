# the one that is shipped
FROM busybox AS app
