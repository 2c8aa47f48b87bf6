FROM busybox
RUN cat <<A 3<<-B > /x && true
a
A
	b
	B
