FROM --plaform=x busybox
