// The bytes of tinyrun-init, found by -I in the directory it was built in.
    .section .rodata
    .global tinyrun_init_begin
    .hidden tinyrun_init_begin
    .global tinyrun_init_end
    .hidden tinyrun_init_end
    .balign 4096
tinyrun_init_begin:
    .incbin "tinyrun-init"
tinyrun_init_end:
    .byte 0
    .section .note.GNU-stack, "", %progbits
