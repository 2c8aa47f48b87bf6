# unknown=1
# escape=`
FROM busybox
