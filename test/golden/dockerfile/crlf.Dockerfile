FROM busybox
RUN a \
  b
COPY <<E /x
one
E
