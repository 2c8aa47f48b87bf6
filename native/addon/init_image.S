// The bytes of tinyrun-init; INIT_IMAGE is the path of the built executable.
    .section .rodata
    .global tinyrun_init_begin
    .hidden tinyrun_init_begin
    .global tinyrun_init_end
    .hidden tinyrun_init_end
    .balign 4096
tinyrun_init_begin:
    .incbin INIT_IMAGE
tinyrun_init_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
