"""What holds native code in a worker? The second wall: the kernel's. See this folder's README."""
