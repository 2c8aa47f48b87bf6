# check=skpi=all
FROM busybox
