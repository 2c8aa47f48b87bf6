FROM busybox
CMD
CMD []
