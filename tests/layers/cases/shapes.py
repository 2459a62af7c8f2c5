"""Layers that pool, merge, move and resize."""

from keras.layers import (
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    Add,
    Average,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    Concatenate,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Dot,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    Maximum,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    Minimum,
    Multiply,
    Permute,
    RepeatVector,
    Reshape,
    Subtract,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)

from .case import Case

FIRST = "channels_first"
LINE, IMAGE, VOLUME = (9, 2), (9, 10, 2), (6, 7, 8, 2)

CASES = [
    Case(MaxPooling1D(), LINE),
    Case(MaxPooling2D(), IMAGE),
    Case(MaxPooling3D(), VOLUME),
    *(
        case
        for line, image, volume in (
            (MaxPooling1D, MaxPooling2D, MaxPooling3D),
            (AveragePooling1D, AveragePooling2D, AveragePooling3D),
        )
        for case in (
            Case(line(2), LINE),
            Case(line(3, strides=2, padding="same"), LINE),
            Case(line(2, data_format=FIRST), (2, 9)),
            Case(image(2), IMAGE),
            Case(image((3, 2), strides=1), IMAGE),
            Case(image(3, strides=2, padding="same"), IMAGE),
            Case(image(2, data_format=FIRST), (2, 9, 10)),
            Case(volume(2), VOLUME),
            Case(volume((1, 2, 3), strides=2, padding="same"), VOLUME),
            Case(volume(2, data_format=FIRST), (2, 6, 7, 8)),
        )
    ),
    *(
        case
        for line, image, volume in (
            (GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D),
            (GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalAveragePooling3D),
        )
        for case in (
            Case(line(), LINE),
            Case(line(keepdims=True), LINE),
            Case(image(), IMAGE),
            Case(image(keepdims=True, data_format=FIRST), (2, 9, 10)),
            Case(volume(), VOLUME),
            Case(volume(data_format=FIRST), (2, 6, 7, 8)),
        )
    ),
    *(
        case
        for line, image, volume in (
            (AdaptiveMaxPooling1D, AdaptiveMaxPooling2D, AdaptiveMaxPooling3D),
            (AdaptiveAveragePooling1D, AdaptiveAveragePooling2D, AdaptiveAveragePooling3D),
        )
        for case in (
            Case(line(4), LINE),
            Case(line(3, data_format=FIRST), (2, 9)),
            Case(image(4), IMAGE),
            Case(image((3, 5), data_format=FIRST), (2, 9, 10)),
            Case(volume(3), VOLUME),
            Case(volume((2, 3, 4)), VOLUME),
        )
    ),
    *(
        case
        for merge in (Add, Subtract, Multiply, Maximum, Minimum, Average)
        for case in (
            Case(merge(), (4, 3), (4, 3)),
            Case(merge(), (4, 1), (1, 3)),
            Case(merge(), (4, 5, 3), (3,)),
        )
    ),
    Case(Add(), (4, 3), (4, 3), (4, 3)),
    Case(Average(), (4, 3), (4, 3), (4, 3)),
    Case(Concatenate(), (4, 3), (4, 5)),
    Case(Concatenate(axis=1), (4, 3), (2, 3), (1, 3)),
    Case(Concatenate(axis=-2), (4, 3), (2, 3)),
    Case(Dot(axes=1), (4,), (4,), macs=4),
    Case(Dot(axes=(2, 1)), (3, 4), (4, 5), macs=3 * 5 * 4),
    Case(Dot(axes=2, normalize=True), (3, 4), (5, 4), macs=3 * 5 * 4),
    Case(Dot(axes=(1, 2)), (4, 3), (5, 4), macs=3 * 5 * 4),
    Case(Dot(axes=-1), (3, 4), (5, 4), macs=3 * 5 * 4),
    Case(Dot(axes=(3, 1)), (2, 3, 4), (4, 5), macs=2 * 3 * 5 * 4),
    Case(Flatten(), (3, 4)),
    Case(Flatten(data_format=FIRST), (3, 4, 5)),
    Case(Flatten(), ()),
    Case(Reshape((6, 2)), (3, 4)),
    Case(Reshape((2, -1, 3)), (3, 4)),
    Case(Reshape((-1,)), (3, 4)),
    Case(Permute((2, 1)), (3, 4)),
    Case(Permute((3, 1, 2)), (3, 4, 5)),
    Case(RepeatVector(5), (3,)),
    Case(Cropping1D(), (9, 2)),
    Case(Cropping1D((1, 2)), (9, 2)),
    Case(Cropping2D(), (9, 10, 2)),
    Case(Cropping2D(((1, 2), (3, 0))), (9, 10, 2)),
    Case(Cropping2D((2, 3), data_format=FIRST), (2, 9, 10)),
    Case(Cropping3D(), (6, 7, 8, 2)),
    Case(Cropping3D(((1, 2), (0, 1), (2, 2))), (6, 7, 8, 2)),
    Case(ZeroPadding1D(2), (9, 2)),
    Case(ZeroPadding1D((0, 3), data_format=FIRST), (2, 9)),
    Case(ZeroPadding2D(), (9, 10, 2)),
    Case(ZeroPadding2D((1, 2)), (9, 10, 2)),
    Case(ZeroPadding2D(((0, 1), (2, 0)), data_format=FIRST), (2, 9, 10)),
    Case(ZeroPadding3D(2), (6, 7, 8, 2)),
    Case(ZeroPadding3D(((0, 1), (2, 0), (1, 1))), (6, 7, 8, 2)),
    Case(UpSampling1D(3), (9, 2)),
    Case(UpSampling2D(), (9, 10, 2)),
    Case(UpSampling2D((2, 3), interpolation="bilinear"), (4, 5, 2)),
    Case(UpSampling2D(2, data_format=FIRST, interpolation="bicubic"), (2, 4, 5)),
    Case(UpSampling3D((1, 2, 3)), (6, 7, 8, 2)),
    Case(UpSampling3D(2, data_format=FIRST), (2, 3, 4, 5)),
]
