"""convcost: what every layer of a convolutional network costs, as it is and as a separable convolution."""
