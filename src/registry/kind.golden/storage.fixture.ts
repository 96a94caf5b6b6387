// Objects that the golden tests of volumes, claims and storage.k8s.io start from.

export const creationTimestamp = '2025-12-30T00:00:00Z';
export const metadata = { name: 'a', creationTimestamp };
export const secret = { name: 's', namespace: 'n' };

export const volume = {
  metadata,
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce', 'ReadOnlyMany'],
    csi: { driver: 'csi.example.com', volumeHandle: 'h' },
  },
};

export const claim = {
  metadata: { ...metadata, namespace: 'default' },
  spec: {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: 'fast',
  },
};

/** A claim that has its volume. */
export const boundClaim = {
  ...claim,
  spec: { ...claim.spec, volumeName: 'v', volumeMode: 'Filesystem' },
  status: { phase: 'Bound', capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] },
};

export const node = {
  metadata,
  spec: { drivers: [{ name: 'csi.example.com', nodeID: 'n', topologyKeys: ['a/b'] }] },
};

export const attachment = {
  metadata,
  spec: { attacher: 'csi.example.com', nodeName: 'n1', source: { persistentVolumeName: 'v' } },
};

export const storageClass = { metadata, provisioner: 'Example.com/nfs' };
