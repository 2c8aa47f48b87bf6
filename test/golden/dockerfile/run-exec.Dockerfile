FROM busybox
RUN ["sh", "-c", "echo \"hi\""]
