// Decides requests with @cloud-copilot/iam-simulate: one line of JSON each, answered by one line with Allowed,
// ImplicitlyDenied or ExplicitlyDenied. Each policy is either the resource's or the principal's own.

import { createInterface } from 'node:readline'
import { runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

const answers = []
for await (const line of createInterface({ input: process.stdin })) {
  const { principal, action, resource, account, context, resourcePolicy, identityPolicies, boundary } = JSON.parse(line)
  const result = runUnsafeSimulation(
    {
      request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
      identityPolicies: identityPolicies.map((policy, number) => ({ name: `policy${number}`, policy })),
      resourcePolicy,
      permissionBoundaryPolicies: boundary ? [{ name: 'boundary', policy: boundary }] : undefined,
      serviceControlPolicies: [],
      resourceControlPolicies: []
    },
    {}
  )
  answers.push(typeof result === 'string' ? result : (result.overallResult ?? result.result ?? JSON.stringify(result)))
}
console.log(answers.join('\n'))
