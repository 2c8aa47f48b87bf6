#check=skip=all
FROM busybox
