// The images that coracle's tests and examples run, each made of Debian packages and a few files.
import { readFileSync } from 'node:fs';

/** A file, folder or symlink that an image has besides its packages' content. */
export interface ExtraFile {
  readonly path: string;
  /** A file's content; a folder when neither this nor `link` is given. */
  readonly content?: string;
  readonly link?: string;
  readonly mode?: number;
}

export interface ImageDefinition {
  /** Full references, the first with a tag that stays. */
  readonly references: readonly string[];
  readonly packages: readonly string[];
  readonly without?: readonly string[];
  readonly files: readonly ExtraFile[];
  /** Paths of the packages that the image does not keep. */
  readonly strip: RegExp;
  /** Compiles Python's own modules, which would cost each start. */
  readonly compilePython?: boolean;
  /** OCI's image config. */
  readonly config: {
    readonly Entrypoint?: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env?: readonly string[];
    readonly WorkingDir?: string;
    readonly ExposedPorts?: Readonly<Record<string, object>>;
    readonly Volumes?: Readonly<Record<string, object>>;
    readonly StopSignal?: string;
  };
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Documentation, translations, init scripts and what glibc needs for other character sets only. */
const never =
  /^(usr\/share\/(doc|man|locale|lintian|info|bash-completion|bug|zsh|vim|metainfo|initramfs-tools)|etc\/(init\.d|logrotate\.d|cron\..*|default|ufw|insserv.*)|(usr\/)?lib\/systemd|(usr\/)?lib\/[^/]+\/(gconv|audit)|usr\/share\/(nginx\/modules|initramfs-tools)|var\/log\/.*)(\/|$)/;

/** What every image has: busybox as shell and tools, users, and a place for temporary files. */
const base: readonly ExtraFile[] = [
  { path: 'dev' },
  { path: 'proc' },
  { path: 'sys' },
  { path: 'root', mode: 0o700 },
  { path: 'home' },
  { path: 'tmp', mode: 0o1777 },
  { path: 'var/tmp', mode: 0o1777 },
  { path: 'run' },
  {
    path: 'etc/passwd',
    content:
      'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n' +
      'www-data:x:33:33:www-data:/var/www:/bin/false\nnginx:x:101:101:nginx:/nonexistent:/bin/false\n' +
      'redis:x:999:999:redis:/data:/bin/false\nnobody:x:65534:65534:nobody:/home:/bin/false\n',
  },
  {
    path: 'etc/group',
    content:
      'root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnginx:x:101:\nredis:x:999:\n' +
      'users:x:100:\nnogroup:x:65534:\n',
  },
  { path: 'etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
];

function file(name: string): string {
  return readFileSync(new URL(`./files/${name}`, import.meta.url), 'utf8');
}

/** All images by the name that the command line uses. */
export function definitions(): Readonly<Record<string, ImageDefinition>> {
  return {
    busybox: {
      references: ['docker.io/library/busybox:1.35', 'docker.io/library/busybox:latest'],
      packages: ['busybox-static'],
      strip: never,
      files: base,
      config: { Cmd: ['sh'], Env: [path] },
    },
    nginx: {
      references: ['docker.io/library/nginx:1.22', 'docker.io/library/nginx:latest'],
      packages: ['busybox-static', 'nginx', 'nginx-common'],
      strip: new RegExp(`${never.source}|^etc/nginx/(nginx\\.conf|sites-|modules-|snippets)`),
      files: [
        ...base,
        { path: 'etc/nginx/nginx.conf', content: file('nginx.conf') },
        { path: 'etc/nginx/conf.d/default.conf', content: file('nginx-default.conf') },
        { path: 'usr/share/nginx/html/index.html', content: file('nginx-index.html') },
        { path: 'var/cache/nginx' },
        { path: 'var/lib/nginx' },
        { path: 'var/log/nginx/access.log', link: '/dev/stdout' },
        { path: 'var/log/nginx/error.log', link: '/dev/stderr' },
      ],
      config: {
        Cmd: ['nginx', '-g', 'daemon off;'],
        Env: [path],
        ExposedPorts: { '80/tcp': {} },
        StopSignal: 'SIGQUIT',
      },
    },
    redis: {
      references: ['docker.io/library/redis:7.0', 'docker.io/library/redis:latest'],
      packages: ['busybox-static', 'redis-server', 'redis-tools'],
      strip: never,
      files: [
        ...base,
        { path: 'data', mode: 0o777 },
        {
          path: 'usr/local/bin/docker-entrypoint.sh',
          content: file('redis-entrypoint.sh'),
          mode: 0o755,
        },
      ],
      config: {
        Entrypoint: ['docker-entrypoint.sh'],
        Cmd: ['redis-server'],
        Env: [path],
        WorkingDir: '/data',
        ExposedPorts: { '6379/tcp': {} },
        Volumes: { '/data': {} },
      },
    },
    testserver: {
      references: ['coracle.local/testserver:1', 'coracle.local/testserver:latest'],
      packages: [
        ...['busybox-static', 'python3.11-minimal', 'libpython3.11-minimal'],
        'libpython3.11-stdlib',
      ],
      // Of modules that the server does not use.
      without: [
        ...['libsqlite3-0', 'libdb5.3', 'libreadline8', 'libncursesw6', 'libtinfo6'],
        ...['libnsl2', 'libtirpc3', 'libgssapi-krb5-2', 'libbz2-1.0', 'libuuid1'],
      ],
      strip: new RegExp(
        `${never.source}|^usr/lib/python3\\.11/(lib2to3|idlelib|tkinter|pydoc_data|unittest|distutils|ensurepip|test|sqlite3|curses|dbm)(/|$)`,
      ),
      files: [
        ...base,
        { path: 'usr/bin/python3', link: 'python3.11' },
        { path: 'testserver', content: file('testserver.py'), mode: 0o755 },
      ],
      compilePython: true,
      config: {
        Entrypoint: ['/testserver'],
        Cmd: ['pause'],
        Env: [path, 'PYTHONUNBUFFERED=1', 'PYTHONDONTWRITEBYTECODE=1'],
        ExposedPorts: { '8080/tcp': {}, '8081/udp': {} },
      },
    },
  };
}
