// RBAC: evaluates roles and bindings from an index that follows the caches of the four kinds.
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from '../../objects.ts';
import type { User } from '../../registry/resource.ts';
import type { ObjectReader } from '../object-reader.ts';
import type { AuthorizationAttributes, Authorizer, Decision } from './authorizer.ts';
import { type PolicyRule, ruleAllows } from './rules.ts';

const group = 'rbac.authorization.k8s.io';
const kinds = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'] as const;

interface Binding {
  readonly name: string;
  readonly namespace: string;
  readonly roleKind: string;
  readonly roleName: string;
}

/** Bindings by subject; rebuilt when one of the binding caches has changed. */
interface Index {
  /** Key `namespace\0subject`; the empty namespace holds cluster role bindings. */
  readonly bindings: ReadonlyMap<string, readonly Binding[]>;
}

export class RbacAuthorizer implements Authorizer {
  readonly #objects: ObjectReader;
  #index: Index | undefined;
  #changed = true;
  #following: (() => void)[] = [];

  constructor(objects: ObjectReader) {
    this.#objects = objects;
  }

  /** Follows the caches; call once the registry serves the RBAC kinds. */
  start(): void {
    for (const plural of kinds) {
      const cache = this.#objects.store(group, plural)?.cache;
      if (cache === undefined) continue;
      this.#following.push(
        cache.subscribe(() => {
          this.#changed = true;
        }),
      );
    }
  }

  close(): void {
    for (const stop of this.#following) stop();
    this.#following = [];
  }

  authorize(attributes: AuthorizationAttributes): Decision {
    for (const { binding, rules } of this.#visit(attributes.user, attributes.namespace)) {
      if (!rules.some((rule) => ruleAllows(rule, attributes))) continue;
      const kind = binding.namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
      const where =
        binding.namespace === '' ? binding.name : `${binding.name}/${binding.namespace}`;
      const reason =
        `RBAC: allowed by ${kind} ${JSON.stringify(where)} of ${binding.roleKind} ` +
        `${JSON.stringify(binding.roleName)} to ${subjectShown(attributes.user, this.#subjectOf(attributes, binding))}`;
      return { allowed: true, reason };
    }
    return { allowed: false, reason: '' };
  }

  /** Every rule that holds for `user` in `namespace`, for reviews and escalation checks. */
  *rulesFor(user: User, namespace: string): IterableIterator<PolicyRule> {
    for (const { rules } of this.#visit(user, namespace)) yield* rules;
  }

  /** The rules of a role by reference; undefined when there is no such role. */
  rulesOf(kind: string, namespace: string, name: string): readonly PolicyRule[] | undefined {
    const role =
      kind === 'ClusterRole'
        ? this.#objects.get<ClusterRole>(group, 'clusterroles', '', name)
        : this.#objects.get<Role>(group, 'roles', namespace, name);
    return role === undefined ? undefined : (role.rules ?? []);
  }

  *#visit(user: User, namespace: string) {
    const { bindings } = this.#current();
    const scopes = namespace === '' ? [''] : ['', namespace];
    for (const scope of scopes) {
      for (const subject of subjectsOf(user)) {
        for (const binding of bindings.get(`${scope}\0${subject}`) ?? []) {
          const rules = this.rulesOf(binding.roleKind, binding.namespace, binding.roleName);
          if (rules !== undefined) yield { binding, rules };
        }
      }
    }
  }

  #subjectOf(attributes: AuthorizationAttributes, binding: Binding): string {
    const { bindings } = this.#current();
    for (const subject of subjectsOf(attributes.user)) {
      const found = bindings.get(`${binding.namespace}\0${subject}`);
      if (found?.includes(binding) === true) return subject;
    }
    return '';
  }

  #current(): Index {
    if (this.#index !== undefined && !this.#changed) return this.#index;
    this.#changed = this.#following.length === 0;
    const bindings = new Map<string, Binding[]>();
    const add = (each: RoleBinding | ClusterRoleBinding, namespace: string) => {
      const binding: Binding = {
        name: each.metadata?.name ?? '',
        namespace,
        roleKind: each.roleRef.kind,
        roleName: each.roleRef.name,
      };
      for (const subject of each.subjects ?? []) {
        const key = `${namespace}\0${subjectKey(subject, namespace)}`;
        const list = bindings.get(key);
        if (list === undefined) bindings.set(key, [binding]);
        else list.push(binding);
      }
    };
    for (const each of this.#objects.list<ClusterRoleBinding>(group, 'clusterrolebindings')) {
      add(each, '');
    }
    for (const each of this.#objects.list<RoleBinding>(group, 'rolebindings')) {
      add(each, each.metadata?.namespace ?? '');
    }
    this.#index = { bindings };
    return this.#index;
  }
}

type Subject = NonNullable<RoleBinding['subjects']>[number];

function subjectKey(subject: Subject, namespace: string): string {
  if (subject.kind === 'ServiceAccount') {
    return `User:system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
  }
  return `${subject.kind}:${subject.name}`;
}

function subjectsOf(user: User): readonly string[] {
  return [`User:${user.name}`, ...user.groups.map((each) => `Group:${each}`)];
}

function subjectShown(user: User, subject: string): string {
  const account = /^User:system:serviceaccount:([^:]+):([^:]+)$/.exec(subject);
  if (account !== null) return `ServiceAccount "${account[2]}/${account[1]}"`;
  if (subject.startsWith('Group:')) return `Group ${JSON.stringify(subject.slice(6))}`;
  return `User ${JSON.stringify(user.name)}`;
}
