FROM busybox
ADD --unpack=false a.tar /a
ADD --unpack https://example.com/b.tgz /b
