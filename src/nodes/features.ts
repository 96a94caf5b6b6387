// States by hand what a node does with every field of PodSpec and NodeStatus; a test finds gaps.

/**
 * What becomes of a field.
 *
 * `works`: as upstream does on Linux; `refused`: the pod does not start, and an event says why;
 * `waits`: it is accepted and stored, and has no effect yet.
 */
export type Support = 'works' | 'refused' | 'waits';

/** One type's fields by what becomes of them; what stands below a field that waits waits too. */
export interface TypeFeatures {
  /** Names, separated by spaces. */
  readonly works?: string;
  /** By name: the event, and when. */
  readonly refused?: Readonly<Record<string, string>>;
  /** By name: what is missing, in a few words. */
  readonly waits?: Readonly<Record<string, string>>;
  /** By name: limits of what works. */
  readonly notes?: Readonly<Record<string, string>>;
}

const noPlugin = 'event FailedMount: no volume plugin matched';
const oldPlugin = `${noPlugin} (upstream: by CSI migration only, or removed)`;

const container: TypeFeatures = {
  works:
    'name image command args workingDir ports envFrom env resources restartPolicy ' +
    'restartPolicyRules volumeMounts livenessProbe readinessProbe startupProbe lifecycle ' +
    'terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext stdin ' +
    'stdinOnce tty',
  waits: {
    resizePolicy: 'resources of running containers are not changed in place',
    volumeDevices: 'raw block volumes',
  },
};

/** By the last part of the definition's name, e.g. `PodSpec` of `io.k8s.api.core.v1.PodSpec`. */
export const features: Readonly<Record<string, TypeFeatures>> = {
  PodSpec: {
    works:
      'volumes initContainers containers ephemeralContainers restartPolicy ' +
      'terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy nodeSelector ' +
      'serviceAccountName serviceAccount automountServiceAccountToken nodeName hostNetwork ' +
      'hostPID hostIPC shareProcessNamespace securityContext imagePullSecrets hostname ' +
      'subdomain affinity schedulerName tolerations hostAliases priorityClassName priority ' +
      'dnsConfig readinessGates enableServiceLinks preemptionPolicy overhead ' +
      'topologySpreadConstraints setHostnameAsFQDN schedulingGates resources hostnameOverride',
    refused: {
      hostUsers: 'false: event RuntimeCapabilityMissing where the runtime has no user namespaces',
    },
    waits: {
      runtimeClassName: 'RuntimeClass is not served; the default handler runs the pod',
      os: 'a pod for Windows is not turned away',
      resourceClaims: 'dynamic resource allocation',
      schedulingGroup: 'gang scheduling',
    },
  },
  Volume: {
    works: 'name hostPath emptyDir secret downwardAPI configMap projected',
    refused: {
      gcePersistentDisk: oldPlugin,
      awsElasticBlockStore: oldPlugin,
      gitRepo: oldPlugin,
      nfs: noPlugin,
      iscsi: noPlugin,
      glusterfs: oldPlugin,
      persistentVolumeClaim: noPlugin,
      rbd: oldPlugin,
      flexVolume: noPlugin,
      cinder: oldPlugin,
      cephfs: oldPlugin,
      flocker: oldPlugin,
      fc: noPlugin,
      azureFile: oldPlugin,
      vsphereVolume: oldPlugin,
      quobyte: oldPlugin,
      azureDisk: oldPlugin,
      photonPersistentDisk: oldPlugin,
      portworxVolume: oldPlugin,
      scaleIO: oldPlugin,
      storageos: oldPlugin,
      csi: noPlugin,
      ephemeral: noPlugin,
      image: `event RuntimeCapabilityMissing where the runtime has none, else ${noPlugin}`,
    },
  },
  HostPathVolumeSource: { works: 'path type' },
  EmptyDirVolumeSource: {
    works: 'medium sizeLimit',
    notes: {
      medium: '"" and Memory; huge pages: event FailedMount',
      sizeLimit: 'of medium Memory; on disk nothing is evicted',
    },
  },
  SecretVolumeSource: { works: 'secretName items defaultMode optional' },
  ConfigMapVolumeSource: { works: 'name items defaultMode optional' },
  KeyToPath: { works: 'key path mode' },
  LocalObjectReference: { works: 'name' },
  DownwardAPIVolumeSource: { works: 'items defaultMode' },
  DownwardAPIVolumeFile: { works: 'path fieldRef resourceFieldRef mode' },
  ObjectFieldSelector: { works: 'apiVersion fieldPath' },
  ResourceFieldSelector: { works: 'containerName resource divisor' },
  ProjectedVolumeSource: { works: 'sources defaultMode' },
  VolumeProjection: {
    works: 'secret downwardAPI configMap serviceAccountToken',
    refused: { clusterTrustBundle: 'event FailedMount: not supported by this node' },
    waits: { podCertificate: 'pod certificates' },
  },
  SecretProjection: { works: 'name items optional' },
  DownwardAPIProjection: { works: 'items' },
  ConfigMapProjection: { works: 'name items optional' },
  ServiceAccountTokenProjection: { works: 'audience expirationSeconds path' },
  Container: container,
  EphemeralContainer: {
    ...container,
    works: `${container.works} targetContainerName`,
    notes: { ports: 'and resources, probes, lifecycle: validation refuses them here' },
  },
  ContainerPort: { works: 'name hostPort containerPort protocol hostIP' },
  EnvFromSource: { works: 'prefix configMapRef secretRef' },
  ConfigMapEnvSource: { works: 'name optional' },
  SecretEnvSource: { works: 'name optional' },
  EnvVar: { works: 'name value valueFrom' },
  EnvVarSource: {
    works: 'fieldRef resourceFieldRef configMapKeyRef secretKeyRef',
    waits: { fileKeyRef: 'variables from files' },
  },
  ConfigMapKeySelector: { works: 'name key optional' },
  SecretKeySelector: { works: 'name key optional' },
  ResourceRequirements: {
    works: 'limits requests',
    waits: { claims: 'dynamic resource allocation' },
  },
  ContainerRestartRule: { works: 'action exitCodes' },
  ContainerRestartRuleOnExitCodes: { works: 'operator values' },
  VolumeMount: {
    works: 'name readOnly mountPath subPath mountPropagation subPathExpr',
    waits: { recursiveReadOnly: 'mounts below a read-only mount keep their own mode' },
  },
  Probe: {
    works:
      'exec httpGet tcpSocket grpc initialDelaySeconds timeoutSeconds periodSeconds ' +
      'successThreshold failureThreshold terminationGracePeriodSeconds',
  },
  ExecAction: { works: 'command' },
  HTTPGetAction: { works: 'path port host scheme httpHeaders' },
  HTTPHeader: { works: 'name value' },
  TCPSocketAction: { works: 'port host' },
  GRPCAction: { works: 'port service' },
  Lifecycle: {
    works: 'postStart preStop',
    waits: { stopSignal: "the image's own stop signal is sent" },
  },
  LifecycleHandler: { works: 'exec httpGet tcpSocket sleep' },
  SleepAction: { works: 'seconds' },
  SecurityContext: {
    works:
      'capabilities privileged seLinuxOptions runAsUser runAsGroup runAsNonRoot ' +
      'readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile appArmorProfile',
    waits: { windowsOptions: 'of Windows nodes only' },
  },
  Capabilities: { works: 'add drop' },
  SELinuxOptions: { works: 'user role type level' },
  SeccompProfile: { works: 'type localhostProfile' },
  AppArmorProfile: { works: 'type localhostProfile' },
  PodSecurityContext: {
    works:
      'seLinuxOptions runAsUser runAsGroup runAsNonRoot supplementalGroups fsGroup sysctls ' +
      'seccompProfile appArmorProfile',
    refused: {
      supplementalGroupsPolicy: 'Strict: event RuntimeCapabilityMissing where the runtime lacks it',
    },
    waits: {
      windowsOptions: 'of Windows nodes only',
      fsGroupChangePolicy: 'it is for volumes that outlive pods; there are none yet',
      seLinuxChangePolicy: 'volumes are always relabelled by the runtime',
    },
  },
  Sysctl: { works: 'name value' },
  Affinity: { works: 'nodeAffinity podAffinity podAntiAffinity' },
  NodeAffinity: {
    works:
      'requiredDuringSchedulingIgnoredDuringExecution ' +
      'preferredDuringSchedulingIgnoredDuringExecution',
  },
  NodeSelector: { works: 'nodeSelectorTerms' },
  NodeSelectorTerm: { works: 'matchExpressions matchFields' },
  NodeSelectorRequirement: { works: 'key operator values' },
  PreferredSchedulingTerm: { works: 'weight preference' },
  PodAffinity: {
    works:
      'requiredDuringSchedulingIgnoredDuringExecution ' +
      'preferredDuringSchedulingIgnoredDuringExecution',
  },
  PodAntiAffinity: {
    works:
      'requiredDuringSchedulingIgnoredDuringExecution ' +
      'preferredDuringSchedulingIgnoredDuringExecution',
  },
  PodAffinityTerm: {
    works:
      'labelSelector namespaces topologyKey namespaceSelector matchLabelKeys mismatchLabelKeys',
  },
  WeightedPodAffinityTerm: { works: 'weight podAffinityTerm' },
  LabelSelector: { works: 'matchLabels matchExpressions' },
  LabelSelectorRequirement: { works: 'key operator values' },
  Toleration: { works: 'key operator value effect tolerationSeconds' },
  HostAlias: { works: 'ip hostnames' },
  PodDNSConfig: { works: 'nameservers searches options' },
  PodDNSConfigOption: { works: 'name value' },
  PodReadinessGate: { works: 'conditionType' },
  TopologySpreadConstraint: {
    works:
      'maxSkew topologyKey whenUnsatisfiable labelSelector minDomains nodeAffinityPolicy ' +
      'nodeTaintsPolicy matchLabelKeys',
  },
  PodSchedulingGate: { works: 'name' },
  NodeStatus: {
    works: 'capacity allocatable conditions addresses daemonEndpoints nodeInfo images',
    waits: {
      phase: 'deprecated; upstream leaves it empty too',
      volumesInUse: 'volumes that are attached to nodes',
      volumesAttached: 'volumes that are attached to nodes',
      config: 'deprecated; upstream leaves it empty too',
      runtimeHandlers: 'RuntimeClass is not served',
      features: 'supplementalGroupsPolicy is not reported',
      declaredFeatures: 'no feature is declared',
    },
  },
  NodeCondition: {
    works: 'type status lastHeartbeatTime lastTransitionTime reason message',
    notes: { type: 'Ready is measured; the pressure conditions are always False' },
  },
  NodeAddress: { works: 'type address' },
  NodeDaemonEndpoints: { works: 'kubeletEndpoint' },
  DaemonEndpoint: { works: 'Port' },
  NodeSystemInfo: {
    works:
      'machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion ' +
      'kubeletVersion kubeProxyVersion operatingSystem architecture',
    waits: { swap: 'swap is not reported' },
    notes: { kubeProxyVersion: 'deprecated: empty, as upstream' },
  },
  ContainerImage: { works: 'names sizeBytes' },
};

export interface EndpointFeature {
  readonly path: string;
  readonly support: Support;
  readonly note?: string;
}

/** What upstream's kubelet serves on port 10250. */
export const kubeletEndpoints: readonly EndpointFeature[] = [
  { path: '/healthz, /healthz/{ping,log,syncloop}', support: 'works' },
  { path: '/pods', support: 'works' },
  { path: '/runningpods/', support: 'works' },
  { path: '/containerLogs/{namespace}/{pod}/{container}', support: 'works' },
  { path: '/exec/{namespace}/{pod}[/{uid}]/{container}', support: 'works' },
  { path: '/attach/{namespace}/{pod}[/{uid}]/{container}', support: 'works' },
  { path: '/portForward/{namespace}/{pod}[/{uid}]', support: 'works' },
  { path: '/run/{namespace}/{pod}[/{uid}]/{container}', support: 'works' },
  { path: '/stats/summary', support: 'works' },
  { path: '/metrics', support: 'works', note: 'a few of its own; not every series of upstream' },
  { path: '/metrics/resource', support: 'works' },
  { path: '/metrics/cadvisor', support: 'waits', note: 'answers an empty document' },
  { path: '/metrics/probes', support: 'waits', note: 'answers an empty document' },
  { path: '/metrics/slis', support: 'waits', note: '404' },
  { path: '/configz', support: 'works' },
  { path: '/checkpoint/{namespace}/{pod}/{container}', support: 'waits', note: '404' },
  { path: '/logs/', support: 'waits', note: "404: the node's own log files" },
  { path: '/debug/pprof/, /debug/flags/v', support: 'waits', note: '404: profiles of Go' },
  { path: '/statusz, /flagz', support: 'waits', note: '404' },
];
