FROM --platform=$BUILDPLATFORM golang AS build
from --platform=linux/arm64 alpine as Other
