FROM busybox
COPY --exclude=*.md --exclude=*.txt . /x/
