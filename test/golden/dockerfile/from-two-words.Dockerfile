FROM busybox x
FROM busybox AS
FROM a AS b c
