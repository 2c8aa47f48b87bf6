# syntax = docker/dockerfile:1
#   EsCaPe=`

FROM busybox
RUN a `
  b
