# escape=`
FROM busybox
COPY a c:\
RUN b `
  c
ENV x=a` b
