FROM busybox
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
SHELL sh -c
SHELL []
