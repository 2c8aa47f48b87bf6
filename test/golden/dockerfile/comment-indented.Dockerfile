   # a
FROM busybox
	# b
  RUN x
