FROM busybox
RUN a \
    b \   
	c
