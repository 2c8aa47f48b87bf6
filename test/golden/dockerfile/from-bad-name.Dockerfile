FROM busybox AS 1st
FROM busybox AS a/b
