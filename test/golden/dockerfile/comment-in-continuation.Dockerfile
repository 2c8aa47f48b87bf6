FROM busybox
RUN a \
# nothing
  # nothing, too
  && b
