// One binary runs everywhere: the loader picks the widest version of a kernel that the processor
// has. A function that is cloned so must see the bodies of all that its inner loops call, hence the
// forced inlining.

#ifndef NASCENT_WORKER_TORCH_KERNELS_CLONES_H_
#define NASCENT_WORKER_TORCH_KERNELS_CLONES_H_

#if defined(__x86_64__)
#define NASCENT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define NASCENT_CLONES
#endif
#define NASCENT_INLINE __attribute__((always_inline)) inline
#define NASCENT_INLINE_LAMBDA __attribute__((always_inline))

#endif  // NASCENT_WORKER_TORCH_KERNELS_CLONES_H_
