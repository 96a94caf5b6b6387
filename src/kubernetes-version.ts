// The version of Kubernetes that every part of coracle says it is.

/** As in /version's gitVersion and a node's kubeletVersion. */
export const kubernetesVersion = 'v1.36.0+coracle';
