// TensorRT's headers want CUDA's for two names of pointers only: with these the addon builds without the CUDA toolkit.
#pragma once
typedef struct CUstream_st* cudaStream_t;
typedef struct CUevent_st* cudaEvent_t;
