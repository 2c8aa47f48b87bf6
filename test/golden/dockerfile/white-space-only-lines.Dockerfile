FROM busybox
   
	
RUN a
