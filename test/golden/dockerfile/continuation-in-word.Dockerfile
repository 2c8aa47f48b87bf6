FROM busybox
ENV a=long\
word b=c
