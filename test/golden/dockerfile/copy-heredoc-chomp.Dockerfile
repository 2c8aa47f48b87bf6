FROM busybox
COPY <<-EOF /a
		tabs
	 spaces
	EOF
