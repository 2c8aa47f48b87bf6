FROM busybox
ADD https://github.com/moby/buildkit.git?ref=v0.20&subdir=docs&submodules=false /d
ADD git@github.com:moby/buildkit.git /s
ADD ssh://git@host/r /t
