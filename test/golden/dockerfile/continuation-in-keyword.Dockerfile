FROM busybox
RU\
N true
