// The description of the API, as it is when this is built.
        .section .rodata
        .global jit_description_begin
        .global jit_description_end
jit_description_begin:
        .incbin "openapi.yaml"
jit_description_end:
        .byte 0
        .section .note.GNU-stack,"",@progbits
