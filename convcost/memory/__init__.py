"""What is alive when: the live set, the order with the least peak, and the arenas of runtimes."""
